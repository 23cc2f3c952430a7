#!/usr/bin/env python3
"""Makes ainn/, the samples of FFmpeg's FATE tests, from photo.png.

    generate.py FFMPEG AINNENC

FFMPEG is one that knows AINN, AINNENC libainn's encoder. Run by ffmpeg-plugin/test.sh --generate, which makes FATE's
references as well. Everything is exact: a second run makes the same."""
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 96, 64


def ffmpeg(*arguments, data=None):
    command = [FFMPEG, '-v', 'error', '-nostdin' if data is None else '-y', '-y', *arguments]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def path(name):
    return os.path.join(HERE, 'ainn', name)


def read(name):
    with open(path(name), 'rb') as file:
        return file.read()


def write(name, data):
    with open(path(name), 'wb') as file:
        file.write(data)


def noise(size, seed):
    """Bytes that look random and are the same in every run."""
    out, state = bytearray(), seed
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out += struct.pack('<Q', state >> 7)
    return bytes(out[:size])


def exif():
    """A little EXIF block: maker, copyright, exposure time; its orientation contradicts the file's and has to lose."""
    def ifd(start, tags):
        head, far = struct.pack('<H', len(tags)), b''
        for tag, kind, count, value in tags:
            head += struct.pack('<HHI', tag, kind, count)
            if len(value) <= 4:
                head += value.ljust(4, b'\0')
            else:
                head += struct.pack('<I', start + 2 + 12 * len(tags) + 4 + len(far))
                far += value + b'\0' * (len(value) % 2)
        return head + struct.pack('<I', 0) + far

    def first(pointer):
        return ifd(8, [(0x010F, 2, 8, b'Libainn\0'), (0x0112, 3, 1, struct.pack('<H', 8)),
                       (0x8298, 2, 3, b'us\0'), (0x8769, 4, 1, struct.pack('<I', pointer))])
    pointer = 8 + len(first(0))
    return b'II*\0' + struct.pack('<I', 8) + first(pointer) + ifd(pointer, [(0x829A, 5, 1, struct.pack('<II', 1, 60))])


def main():
    os.makedirs(path(''), exist_ok=True)
    photo = os.path.join(HERE, 'photo.png')
    exact = 'scale=sws_flags=+accurate_rnd+bitexact+area'
    fast = ['-c:v', 'ainn', '-model', 'fast']
    ffmpeg('-i', photo, '-vf', f'crop=288:192:60:40,{exact}:w={WIDTH}:h={HEIGHT}', '-pix_fmt', 'rgb24', '-update', '1',
           '-frames:v', '1', path('source.png'))
    source = path('source.png')

    # Pixel formats; alpha is a slope with a hole.
    rgb = ffmpeg('-i', source, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-')
    alpha = bytes(0 if (x - 48)**2 + (y - 32)**2 < 200 else x * 255 // (WIDTH - 1) for y in range(HEIGHT) for x in range(WIDTH))
    rgba = b''.join(rgb[3 * i:3 * i + 3] + alpha[i:i + 1] for i in range(WIDTH * HEIGHT))
    formats = {'rgb24': 'rgb24', 'gray': 'gray', 'ya8': 'ya8', 'rgba': 'rgba', 'gbrp10': 'gbrp10le', 'gbrp12': 'gbrp12le',
               'rgb48': 'rgb48le', 'gray16': 'gray16le', 'rgba64': 'rgba64le'}
    for name, pixels in formats.items():
        ffmpeg('-f', 'rawvideo', '-pix_fmt', 'rgba', '-s', f'{WIDTH}x{HEIGHT}', '-i', '-',
               '-vf', f'{exact},format={pixels}', *fast, path(f'{name}.ainn'), data=rgba)
    ffmpeg('-i', source, '-c:v', 'ainn', '-profile:v', 'standard', path('standard.ainn'))
    ffmpeg('-i', source, '-c:v', 'ainn', '-profile:v', 'fast_msssim', path('msssim.ainn'))

    # Sizes: odd, the smallest, more than one entropy-coding group in both directions.
    for name, width, height in (('odd', 67, 35), ('tiny', 1, 1), ('groups', 1040, 1030)):
        ffmpeg('-i', photo, '-vf', f'{exact}:w={width}:h={height},format=rgb24', *fast, '-quality', '20', path(f'{name}.ainn'))

    # Metadata: ICC (only its size counts here), EXIF, XMP, orientation.
    icc = struct.pack('>I', 132) + noise(32, 1) + b'acsp' + noise(92, 2)
    for name, data in (('icc', icc), ('exif', exif()),
                       ('xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/">libainn</x:xmpmeta>')):
        write(name, data)
    subprocess.run([AINNENC, '--quiet', source, '-m', 'fast', '-o', path('metadata.ainn'), '--orientation', '6',
                    '--icc', path('icc'), '--exif', path('exif'), '--xmp', path('xmp')], check=True)
    for name in ('icc', 'exif', 'xmp'):
        os.remove(path(name))

    # Frames: alone, one after another, as a sequence, with junk around them.
    ffmpeg('-loop', '1', '-i', source, '-vf', f'crop=64:48:2*n:n,{exact},format=rgb24', '-frames:v', '5', *fast, '-quality', '30',
           path('frame%02d.ainn'))
    frames = [read(f'frame{i:02d}.ainn') for i in range(1, 6)]
    write('concat.ainn', b''.join(frames))
    ffmpeg('-framerate', '10', '-i', path('frame%02d.ainn'), '-c', 'copy', path('sequence.ainn'))
    sequence = read('sequence.ainn')
    write('sequence-cut.ainn', sequence[:-len(frames[4]) * 2 // 3])
    write('junk.bin', noise(5000, 2) + frames[0] + frames[1][:3] + frames[1] + frames[2][:len(frames[2]) // 2] + frames[3] +
          noise(300, 3) + frames[4][:30] + frames[4])

    # Damage inside a frame: the end is missing; a byte of the latents is wrong.
    whole = bytearray(read('rgb24.ainn'))
    write('cut.ainn', whole[:len(whole) * 6 // 10])
    whole[len(whole) * 6 // 10] ^= 0x55
    write('damaged.ainn', whole)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    FFMPEG, AINNENC = sys.argv[1:]
    main()
