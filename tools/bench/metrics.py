"""RGB PSNR and MS-SSIM of 8-bit pictures."""
import numpy as np
from PIL import Image
from scipy.ndimage import correlate1d

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW_RADIUS = 5
SMALLEST_SIDE = (2 * WINDOW_RADIUS + 1 - 1) * 2 ** (len(SCALE_WEIGHTS) - 1) + 1  # every scale holds the window


def load(path):
    """A picture as an array [height][width][3] of bytes."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert('RGB'))


def psnr(a, b):
    """Peak signal to noise ratio over all samples of all channels, in dB; 99 for equal pictures."""
    error = np.mean(np.square(a.astype(np.int32) - b.astype(np.int32), dtype=np.float64))
    return 99.0 if error == 0 else float(10 * np.log10(255 * 255 / error))


def _window():
    x = np.arange(-WINDOW_RADIUS, WINDOW_RADIUS + 1)
    weights = np.exp(-x * x / (2 * 1.5 ** 2))
    return (weights / weights.sum()).astype(np.float32)


def _blur(planes, window):
    """Gaussian means over whole windows: the border where the window does not fit is dropped."""
    inner = slice(WINDOW_RADIUS, -WINDOW_RADIUS)
    rows = correlate1d(planes, window, axis=1)[:, inner]
    return correlate1d(rows, window, axis=2)[:, :, inner]


def _halve(planes):
    """Means of 2x2 cells; an odd side gets a row or column of zeros in front, as in the common PyTorch implementation."""
    _, height, width = planes.shape
    planes = np.pad(planes, ((0, 0), (height % 2, 0), (width % 2, 0)))
    return (planes[:, 0::2, 0::2] + planes[:, 1::2, 0::2] + planes[:, 0::2, 1::2] + planes[:, 1::2, 1::2]) * np.float32(0.25)


def msssim(a, b):
    """Multi-scale structural similarity (Wang 2003: five scales, 11x11 Gaussian of 1.5), of each of R, G, B, then their mean.
    None for pictures that are too small for five scales."""
    if min(a.shape[:2]) < SMALLEST_SIDE:
        return None
    window = _window()
    c1, c2 = np.float32((0.01 * 255) ** 2), np.float32((0.03 * 255) ** 2)
    x = np.moveaxis(a, 2, 0).astype(np.float32)
    y = np.moveaxis(b, 2, 0).astype(np.float32)
    result = np.ones(3)
    for scale, weight in enumerate(SCALE_WEIGHTS):
        mean_x, mean_y = _blur(x, window), _blur(y, window)
        variances = _blur(x * x, window) - mean_x * mean_x + _blur(y * y, window) - mean_y * mean_y
        covariance = _blur(x * y, window) - mean_x * mean_y
        similarity = (2 * covariance + c2) / (variances + c2)
        if scale == len(SCALE_WEIGHTS) - 1:
            similarity *= (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
        else:
            x, y = _halve(x), _halve(y)
        mean = similarity.mean(axis=(1, 2), dtype=np.float64)
        result *= np.maximum(mean, 0) ** weight
    return float(result.mean())


def distance_db(value):
    """A distance of 0 and more on such a scale: more is better."""
    return float(-10 * np.log10(max(value, 1e-9)))


def msssim_db(value):
    """MS-SSIM on a scale on which equal steps look equal: -10 log10(1 - value)."""
    return float(-10 * np.log10(max(1 - value, 1e-10)))
