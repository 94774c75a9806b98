"""Three decoders of independent families, each fed as a phone app feeds it: a grey picture, every direction tried.

A decoder that does not read the picture as it came gets it once more, prepared as scanning apps and the cameras of phones
prepare one: sharpened (the simulated camera does not sharpen, every real one does), at twice the size, and black or
white by the mean of its neighbourhood. That is one rule for all three and for every shot; there is no third look.
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
# Side of the neighbourhood in pixels of the shot, and how far below its mean black begins, of 255.
NEIGHBOURHOOD_PX, BELOW_MEAN = 30, 3


def prepared(picture):
    """The picture as a decoder gets it when it could not read it as it came."""
    blurred = cv2.GaussianBlur(picture, (0, 0), SHARPEN_PX)
    sharp = cv2.addWeighted(picture, 1 + SHARPEN_AMOUNT, blurred, -SHARPEN_AMOUNT, 0)
    larger = cv2.resize(sharp, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    side = 2 * NEIGHBOURHOOD_PX + 1
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
        """For each decoder, in the order of NAMES: 2 when it read the link at once, 1 at the second look, else 0."""
        again = None
        results = []
        for decoder in (self._zxing, self._zbar, self._rqrr):
            result = 2 if url in decoder(picture) else 0
            if not result:
                if again is None:
                    again = prepared(picture)
                result = int(url in decoder(again))
            results.append(result)
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
