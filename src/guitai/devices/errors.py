"""What can go wrong with print jobs. Codes are stable."""

from guitai.kernel.errors import Conflict, NotFound


class JobNotFound(NotFound):
    code = "PRINT-NOT-FOUND"
    sentence = "找不到這筆列印工作。"


class WrongJobState(Conflict):
    code = "PRINT-STATE"
    sentence = "這筆列印工作目前是「{before}」，不能改成「{after}」。"
