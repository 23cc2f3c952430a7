"""Several processes that train one network: each takes crops of its own, gradients are averaged, the first one keeps the
clock and writes.  `train.py --processes 2` starts them on the cores of one machine (or its GPUs), each with --batch crops;
a process that is started alone is the first of one."""
import os
import socket
import subprocess
import sys

import torch
import torch.distributed as dist


def start(count):
    """Runs this program `count` times at once, each as a peer of the others. Returns the worst exit status."""
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    peers = [subprocess.Popen([sys.executable, *sys.argv], env={**os.environ, 'RANK': str(rank), 'WORLD_SIZE': str(count),
                                                                'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': str(port)}) for rank in range(count)]
    try:
        return max(abs(peer.wait()) for peer in peers)
    finally:
        for peer in peers:
            peer.kill()


class Peers:
    def __init__(self):
        self.rank, self.count = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
        self.first = self.rank == 0
        if self.count > 1:
            if torch.cuda.is_available():
                torch.cuda.set_device(self.rank)
            dist.init_process_group('gloo')

    def average_gradients(self, parameters):
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        for gradient, mean in zip(gradients, (flat / self.count).split([g.numel() for g in gradients])):
            gradient.copy_(mean.view_as(gradient))

    def same(self, value):
        """The first one's number, for all."""
        if self.count == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64)
        dist.broadcast(shared, 0)
        return shared.item()
