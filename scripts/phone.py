"""A simulated phone camera: what the scanning app of a phone in front of a screen is given, as a grey picture.

One shot, in the order in which the light goes:

1.  The screen. The captured frame as light (sRGB to linear), white being 1; its black is a thousandth of that. An LED
    grid is laid out dot by dot: on black, lit over 35 % of its cell, in three bars of red, green and blue, as bright on
    average as the frame.
2.  The air. A veil, light reflected by the whole glass, and for glare a soft bright ellipse over a part of the code.
3.  Perspective. A pinhole at a distance from the code's middle, turned by yaw and pitch; the phone itself is rolled.
    Every camera pixel is an area average over at least 3 × 3 samples, more where the screen's pixels are finer than
    that. Around the screen there are its frame and a dim, blotchy wall.
4.  The lens. Blur is Gaussian, and for a moving hand a streak in any direction; vignetting by the fourth power of the
    cosine, with the code anywhere in the inner half of the field.
5.  The sensor. Exposure with hard clipping; one colour a photosite (Bayer); shot noise for 24,000 electrons at full scale
    and ISO 50, fewer in proportion above, and read noise of 2.5 electrons; 10 bits. Then the usual edge-aware demosaic, the
    sRGB curve, and JPEG with chroma at half resolution. No sharpening, no denoising over time, no second frame: a
    phone's video has all of these, so single shots are the harder test.

The camera is a 1080p preview of 70° across, 1,400 pixels a radian in its middle. Only the surroundings of the code are
made, twice to three times as wide as its code square, as apps do that read what their viewfinder shows.

Everything random comes from the generator that is handed in, so that a shot can be taken again.
"""

from dataclasses import dataclass

import cv2
import numpy

PIXELS_PER_RADIAN = 1400
FULL_SCALE_ELECTRONS_ISO_50 = 24_000
READ_NOISE_ELECTRONS = 2.5
SCREEN_BLACK = 0.001
LED_FILL = 0.35
# Samples on a side of a screen's LED; 6 of 10 lit each way is a fill of 0.36, in three bars of two.
LED_CELL, LED_LIT = 10, 6
# Width and height of the picture, in camera pixels, beyond which a shot is a mistake of the bench.
PICTURE_MAX = 1920


@dataclass
class Scene:
    """A code on a screen: the lit frame around it as linear light, and where it is."""

    light: numpy.ndarray  # height × width × 3, float32, 0 to 1; samples
    mm: tuple[float, float]  # size of one sample
    code_square: tuple[float, float, float, float]  # left, top, right, bottom of the white code square, in samples
    modules: int  # on a side, without the quiet zone of four
    led: bool = False

    def module_mm(self):
        """The size of a module in its smaller direction."""
        left, top, right, bottom = self.code_square
        return min((right - left) * self.mm[0], (bottom - top) * self.mm[1]) / (self.modules + 8)


@dataclass
class Look:
    """What a shot is taken under. Ranges are drawn from evenly, for each shot."""

    yaw: float = 0
    pitch: tuple[float, float] = (-4, 4)
    roll: tuple[float, float] = (-8, 8)
    blur_px: float = 0.7  # standard deviation; in focus, a good phone has 0.4
    streak_px: float = 0
    iso: float = 200
    exposure: tuple[float, float] = (0.55, 0.95)  # white of the screen, full scale being 1
    veil: tuple[float, float] = (0.01, 0.04)  # of white
    glare: tuple[float, float] = (0, 0)  # of white, at the ellipse's middle
    jpeg: tuple[int, int] = (80, 90)


def to_linear(srgb):
    """Light of sRGB values of 0 to 255."""
    table = numpy.arange(256) / 255
    table = numpy.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    return (SCREEN_BLACK + (1 - SCREEN_BLACK) * table).astype(numpy.float32)[srgb]


# The sRGB curve for the sensor's 10 bits.
_LEVELS = numpy.arange(1024) / 1023
_CURVE = (
    255 * numpy.where(_LEVELS <= 0.0031308, 12.92 * _LEVELS, 1.055 * _LEVELS ** (1 / 2.4) - 0.055) + 0.5
).astype(numpy.uint8)


def led_grid(light):
    """Each pixel as the dot of an LED board, bars of red, green and blue on black; LED_CELL samples a side."""
    high, wide, _ = light.shape
    cell = numpy.zeros((LED_CELL, LED_CELL, 3), numpy.float32)
    first, bar = (LED_CELL - LED_LIT) // 2, LED_LIT // 3
    for colour in range(3):
        at = first + bar * colour
        cell[first : first + LED_LIT, at : at + bar, colour] = LED_CELL * LED_CELL / (LED_LIT * bar)
    spread = numpy.repeat(numpy.repeat(light, LED_CELL, 0), LED_CELL, 1)
    return spread * numpy.tile(cell, (high, wide, 1))


def _turn(yaw, pitch, roll):
    """Columns: where the screen's right and down point, for a camera that looks along z."""
    yaw, pitch, roll = numpy.radians([yaw, pitch, roll])
    cy, sy, cp, sp, cr, sr = numpy.cos(yaw), numpy.sin(yaw), numpy.cos(pitch), numpy.sin(pitch), numpy.cos(roll), numpy.sin(roll)
    about_y = numpy.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = numpy.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = numpy.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def _moved(x, y):
    return numpy.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _seen(matrix, points):
    seen = numpy.asarray(points, float) @ matrix[:, :2].T + matrix[:, 2]
    return seen[:, :2] / seen[:, 2:]


def take(scene, distance_mm, look, rng):
    """Takes one shot; the grey picture that an app is given."""
    left, top, right, bottom = scene.code_square
    middle = ((left + right) / 2, (top + bottom) / 2)
    yaw = look.yaw * rng.choice((-1, 1)) + rng.uniform(-2, 2)
    turn = _turn(yaw, rng.uniform(*look.pitch), rng.uniform(*look.roll))
    # Samples of the screen to millimetres around the code's middle, to the camera, to its pixels.
    to_mm = numpy.diag([scene.mm[0], scene.mm[1], 1]) @ _moved(-middle[0], -middle[1])
    to_camera = numpy.column_stack([turn[:, 0], turn[:, 1], [0, 0, distance_mm]])
    lens = numpy.diag([PIXELS_PER_RADIAN, PIXELS_PER_RADIAN, 1.0])
    project = lens @ to_camera @ to_mm
    corners = _seen(project, [(left, top), (right, top), (right, bottom), (left, bottom)])
    extent = corners.max(0) - corners.min(0)
    # As apps see it: surroundings on all sides, the code not quite in the middle, at any part of a pixel.
    size = int(min(max(extent) * rng.uniform(1.8, 2.6) + 24, PICTURE_MAX))
    slack = (size - extent) * 0.25
    place = size / 2 + rng.uniform(-1, 1, 2) * slack - (corners.max(0) + corners.min(0)) / 2
    project = _moved(*place) @ project

    # Samples of the screen that a camera pixel covers, in its longer direction.
    one = _seen(numpy.linalg.inv(project), place + [(0, 0), (1, 0), (0, 1)])
    covers = numpy.linalg.norm(one[1:] - one[0], axis=1).max()
    # An LED's dots are small: a sample each at least. Otherwise two pixels of the screen between samples do no harm.
    samples = int(numpy.clip(numpy.ceil(covers / (1.5 if scene.led else 2)), 3, 16))
    # The lens works on half pixels, as fine as its blur needs.
    samples += samples % 2
    light = _warp(scene, project, size, samples, rng)
    light = cv2.resize(light, (2 * size, 2 * size), interpolation=cv2.INTER_AREA)
    # Reflections are part of what the lens sees.
    light += rng.uniform(*look.veil)
    if look.glare[1] > 0:
        light += _ellipse(2 * size, corners + place, rng, rng.uniform(*look.glare))[..., None]
    light = cv2.GaussianBlur(light, (0, 0), 2 * look.blur_px)
    if look.streak_px:
        light = cv2.filter2D(light, -1, _streak(2 * look.streak_px, rng), borderType=cv2.BORDER_REPLICATE)
    light = cv2.resize(light, (size, size), interpolation=cv2.INTER_AREA)
    light *= _vignette(size, rng)[..., None] * rng.uniform(*look.exposure)
    return _develop(light, look, rng)


def _warp(scene, project, size, samples, rng):
    """The screen, its frame and the wall behind, at `samples` samples a camera pixel."""
    wide = size * samples
    wall = rng.uniform(0.01, 0.25) * rng.uniform(0.2, 1, (9, 9, 3)).astype(numpy.float32)
    wall = cv2.resize(wall, (2 * size, 2 * size), interpolation=cv2.INTER_CUBIC)
    picture = cv2.resize(wall, (wide, wide), interpolation=cv2.INTER_NEAREST)
    # OpenCV's coordinates are those of the middles of pixels.
    fine = _moved(-0.5, -0.5) @ numpy.diag([samples, samples, 1.0]) @ project @ _moved(0.5, 0.5)
    # The frame of the screen, 15 mm of dark plastic, is a polygon beneath the lit part.
    high, across, _ = scene.light.shape
    bx, by = 15 / scene.mm[0], 15 / scene.mm[1]
    bezel = [(-bx, -by), (across + bx, -by), (across + bx, high + by), (-bx, high + by)]
    cv2.fillConvexPoly(picture, numpy.round(_seen(fine, bezel)).astype(numpy.int32), (0.012, 0.012, 0.012))
    return cv2.warpPerspective(
        scene.light, fine, (wide, wide), dst=picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )


def _ellipse(wide, corners, rng, peak):
    """A lamp's reflection: bright in the middle, fading out, over a part of the code."""
    corners = 2 * corners
    low, high = corners.min(0), corners.max(0)
    x, y = rng.uniform(low, high)
    a = rng.uniform(0.2, 0.45) * (high - low).max()
    b = a * rng.uniform(0.4, 0.9)
    angle = rng.uniform(0, numpy.pi)
    ys, xs = numpy.mgrid[0:wide, 0:wide].astype(numpy.float32)
    xs, ys = xs - x, ys - y
    u = xs * numpy.cos(angle) + ys * numpy.sin(angle)
    v = ys * numpy.cos(angle) - xs * numpy.sin(angle)
    return (peak * numpy.exp(-((u / a) ** 2 + (v / b) ** 2))).astype(numpy.float32)


def _streak(length, rng):
    """The path of a hand in one direction while the shutter is open."""
    angle = rng.uniform(0, numpy.pi)
    side = int(2 * numpy.ceil(length / 2) + 3)
    kernel = numpy.zeros((side, side), numpy.float32)
    for step in numpy.linspace(-length / 2, length / 2, 33):
        x, y = side // 2 + step * numpy.cos(angle), side // 2 + step * numpy.sin(angle)
        kernel += cv2.getRectSubPix(_DOT, (side, side), (24 + side // 2 - x, 24 + side // 2 - y))
    return kernel / kernel.sum()


_DOT = numpy.zeros((49, 49), numpy.float32)
_DOT[24, 24] = 1


def _vignette(size, rng):
    x, y = rng.uniform(-480, 480), rng.uniform(-270, 270)
    line = numpy.arange(size, dtype=numpy.float32) - size / 2
    squared = ((line + x) ** 2)[None, :] + ((line + y) ** 2)[:, None]
    return (1 + squared / PIXELS_PER_RADIAN**2) ** -2


def _develop(light, look, rng):
    """Sensor, demosaic, curve and JPEG."""
    mosaic = light[..., 1].copy()
    # Colours are blue, green, red in OpenCV's order; red at even lines and columns.
    mosaic[0::2, 0::2] = light[0::2, 0::2, 2]
    mosaic[1::2, 1::2] = light[1::2, 1::2, 0]
    full = FULL_SCALE_ELECTRONS_ISO_50 * 50 / look.iso
    electrons = numpy.maximum(mosaic, 0) * full
    noise = rng.standard_normal(electrons.shape, numpy.float32)
    electrons += noise * numpy.sqrt(electrons + READ_NOISE_ELECTRONS**2)
    raw = (numpy.clip(electrons / full, 0, 1) * 1023 + 0.5).astype(numpy.uint16)
    colour = cv2.cvtColor(raw, cv2.COLOR_BayerRGGB2BGR_EA)
    picture = _CURVE[numpy.minimum(colour, 1023)]
    quality = int(rng.integers(look.jpeg[0], look.jpeg[1] + 1))
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    encoded = cv2.imencode(".jpg", picture, settings)[1]
    return cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
