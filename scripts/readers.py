"""Three decoders of independent families, each fed as a phone app feeds it: a grey picture, every direction tried.

Each decoder has two looks at a shot, by one rule for every shot:

* zxing-cpp and zbar, which come with all that an app needs: the picture as it came, then a prepared one;
* rqrr, which leaves sharpening and enlarging to the app: a prepared picture, then one prepared with other sizes.

Prepared means what scanning apps and the cameras of phones do: sharpened (the simulated camera does not sharpen, every
real one does), larger, and black or white by the mean of its neighbourhood. Where rqrr misses, it is mostly the pattern
that tells it the perspective that it mistakes for another dot; the next picture of a real phone's video, or here the
second look, has its dots a little elsewhere.
"""

import json
import os
import subprocess

import cv2
import zxingcpp
from pyzbar import pyzbar

NAMES = ("zxing-cpp", "zbar", "rqrr")
# Standard deviation in pixels, and how much of the difference is added.
SHARPEN_PX, SHARPEN_AMOUNT = 1.2, 1.5
# How many times as large, and the side of the neighbourhood in pixels of the shot; for the first and the second time.
PREPARED = ((2, 30), (3, 40))
# How far below the mean black begins, of 255.
BELOW_MEAN = 3


def prepared(picture, times, neighbourhood_px):
    """The picture as an app would help a decoder with it."""
    blurred = cv2.GaussianBlur(picture, (0, 0), SHARPEN_PX)
    sharp = cv2.addWeighted(picture, 1 + SHARPEN_AMOUNT, blurred, -SHARPEN_AMOUNT, 0)
    larger = cv2.resize(sharp, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    side = times * neighbourhood_px | 1
    return cv2.adaptiveThreshold(larger, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, side, BELOW_MEAN)


class Readers:
    """The decoders; rqrr is another process, which is asked picture by picture."""

    def __init__(self, rqrr, folder):
        self.file = os.path.join(folder, f"shot-{os.getpid()}.png")
        self.rqrr = subprocess.Popen([rqrr], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        self.rqrr.stdin.close()
        self.rqrr.wait()

    def read(self, picture, url):
        """For each decoder, in the order of NAMES: at which look it read the link, 1 or 2; 0 for neither."""
        first = prepared(picture, *PREPARED[0])
        results = []
        for decoder in (self._zxing, self._zbar):
            results.append(1 if url in decoder(picture) else 2 if url in decoder(first) else 0)
        if url in self._rqrr(first):
            results.append(1)
        else:
            results.append(2 if url in self._rqrr(prepared(picture, *PREPARED[1])) else 0)
        return results

    @staticmethod
    def _zxing(picture):
        found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        return [one.text for one in found]

    @staticmethod
    def _zbar(picture):
        found = pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])
        return [one.data.decode("utf-8", "replace") for one in found]

    def _rqrr(self, picture):
        cv2.imwrite(self.file, picture, [cv2.IMWRITE_PNG_COMPRESSION, 0])
        self.rqrr.stdin.write(self.file + "\n")
        self.rqrr.stdin.flush()
        return json.loads(self.rqrr.stdout.readline())
