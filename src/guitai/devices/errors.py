"""What can go wrong with print jobs and agents. Codes are stable."""

from guitai.kernel.errors import Conflict, GuitaiError, NotFound


class JobNotFound(NotFound):
    code = "PRINT-NOT-FOUND"
    sentence = "找不到這筆列印工作。"


class WrongJobState(Conflict):
    code = "PRINT-STATE"
    sentence = "這筆列印工作目前是「{before}」，不能改成「{after}」。"


class JoinCodeRefused(GuitaiError):
    """One answer for unknown, wrong, used, expired and worn out: nothing is learned by trying."""

    code = "AGENT-CODE"
    status = 422
    sentence = "連線碼不正確、已用過、已超過 10 分鐘或錯誤太多次；請在後台重新產生一組。"


class AgentUnknown(GuitaiError):
    code = "AGENT-TOKEN"
    status = 401
    sentence = "這個列印程式已被移除，請在後台取得新的連線碼再連線一次。"


class AgentNotFound(NotFound):
    code = "AGENT-NOT-FOUND"
    sentence = "找不到這個列印程式。"


class NoAgent(Conflict):
    code = "AGENT-NONE"
    sentence = "這台 POS 機還沒有連上伺服器的列印程式，請先在後台取得連線碼並完成連線。"
