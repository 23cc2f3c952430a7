"""Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003) as a distortion that can be learned from."""
import torch
import torch.nn.functional as F

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)      # of the scales, finest first
C1, C2 = 0.01 ** 2, 0.03 ** 2
RADIUS, SIGMA = 5, 1.5
SMALLEST = (2 * RADIUS + 1) * 2 ** (len(WEIGHTS) - 1)    # side of a picture that has all scales


def blur(x):
    t = torch.arange(-RADIUS, RADIUS + 1, device=x.device, dtype=x.dtype)
    g = torch.exp(-t ** 2 / (2 * SIGMA ** 2))
    g, c = (g / g.sum()).repeat(x.shape[1], 1, 1), x.shape[1]
    return F.conv2d(F.conv2d(x, g[:, :, :, None], groups=c), g[:, :, None], groups=c)


def ms_ssim(x, y):
    """Of each picture of two batches in [0, 1]; the mean over colours."""
    result = 1
    for i, weight in enumerate(WEIGHTS):
        mx, my, xx, yy, xy = blur(torch.cat([x, y, x * x, y * y, x * y], 1)).chunk(5, 1)
        xx, yy, xy = xx - mx * mx, yy - my * my, xy - mx * my
        value = (2 * xy + C2) / (xx + yy + C2)                       # contrast and structure
        if i == len(WEIGHTS) - 1:
            value = value * (2 * mx * my + C1) / (mx * mx + my * my + C1)
        result = result * value.mean((2, 3)).clamp(min=1e-4) ** weight
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return result.mean(1)
