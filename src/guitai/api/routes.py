"""Every endpoint of the till (docs/till-api.md)."""

from guitai.api import agents, orders, printing, sales, shapes, shifts, till
from guitai.api.endpoints import DEVICE, NOBODY, Endpoint, Query

_ID = "<uuid:id>"
_AFTER = {"type": "string", "anyOf": [{"format": "uuid"}, {"maxLength": 0}]}
_DATE = {"type": "string", "anyOf": [{"format": "date"}, {"maxLength": 0}]}
_JOB_STATE = {
    "type": "string",
    "enum": ["waiting", "sent", "done", "uncertain", "expired", "cancelled"],
}
_CLOCK = Query(
    "X-Guitai-Clock",
    "裝置自己的時間；收銀頁面必送，日期與伺服器不同時拒絕",
    {"type": "string", "format": "date-time"},
)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", "bind", "綁定這台裝置", shapes.BindOut, till.bind, shapes.BindIn, who=NOBODY),
    Endpoint("GET", "state", "收銀台狀態", shapes.StateOut, till.state, who=DEVICE),
    Endpoint(
        "POST",
        "sign-in",
        "以 PIN 登入",
        shapes.SignInOut,
        till.sign_in,
        shapes.SignInIn,
        who=DEVICE,
    ),
    Endpoint("POST", "sign-out", "登出", shapes.Ok, till.sign_out, who=DEVICE),
    Endpoint(
        "GET",
        "products",
        "可銷售的商品",
        shapes.ProductsOut,
        till.products,
        who=DEVICE,
        extra={304: "版本相同，沒有內容"},
    ),
    Endpoint("POST", "check", "檢查一個欄位", shapes.Ok, till.check, shapes.CheckIn, who=DEVICE),
    Endpoint(
        "POST", "agent", "回報列印程式狀態", shapes.Ok, till.agent, shapes.AgentIn, who=DEVICE
    ),
    Endpoint(
        "POST",
        "agent-code",
        "讓這台電腦的列印程式連到伺服器",
        agents.AgentCodeOut,
        agents.code,
        who=DEVICE,
    ),
    Endpoint(
        "POST",
        "relay-ticket",
        "經由伺服器使用列印程式",
        agents.TicketOut,
        agents.ticket,
        agents.TicketIn,
        who=DEVICE,
    ),
    Endpoint(
        "POST",
        "sales",
        "結帳",
        shapes.SaleOut,
        body=shapes.SaleIn,
        status=201,
        raw=sales.view,
        needs=("till.checkout",),
        headers=(_CLOCK,),
    ),
    Endpoint(
        "GET",
        "orders",
        "訂單列表與查詢",
        shapes.OrdersOut,
        orders.listed,
        needs=("till.order_query",),
        query=(
            Query("search", "訂單編號、發票號碼，或掃描發票條碼"),
            Query("day", "交易日期", _DATE),
            Query("after", "從這筆訂單之後（較舊的）開始", _AFTER),
        ),
    ),
    Endpoint(
        "GET",
        f"orders/{_ID}",
        "一筆訂單",
        shapes.OrderOut,
        orders.detail,
        needs=("till.order_query",),
    ),
    Endpoint(
        "POST",
        f"orders/{_ID}/issue",
        "開立發票（當天）",
        shapes.SaleOut,
        orders.issue,
        shapes.IssueIn,
        needs=("till.checkout",),
        headers=(_CLOCK,),
    ),
    Endpoint(
        "POST",
        f"orders/{_ID}/cancel",
        "取消訂單並作廢發票",
        shapes.CancelOut,
        orders.cancel,
        shapes.CancelIn,
        needs=("till.cancel",),
    ),
    Endpoint(
        "POST",
        f"orders/{_ID}/reprint",
        "補印",
        shapes.ReprintOut,
        orders.reprint,
        shapes.ReprintIn,
        needs=("till.order_query",),
    ),
    Endpoint(
        "POST",
        f"orders/{_ID}/manual-number",
        "補登自行開立的發票號碼",
        shapes.ManualNumberOut,
        orders.manual_number,
        shapes.ManualNumberIn,
        needs=("till.checkout",),
    ),
    Endpoint(
        "GET",
        "print-jobs",
        "等待結果的列印工作",
        shapes.JobsOut,
        printing.listed,
        who=DEVICE,
        query=(Query("state", "狀態；waiting 表示所有等待結果的工作", _JOB_STATE),),
    ),
    Endpoint(
        "GET", f"print-jobs/{_ID}", "一筆列印工作的內容", shapes.SlipOut, printing.slip, who=DEVICE
    ),
    Endpoint(
        "POST",
        f"print-jobs/{_ID}/state",
        "回報列印結果",
        shapes.JobStateOut,
        printing.report,
        shapes.JobStateIn,
        who=DEVICE,
    ),
    Endpoint(
        "GET",
        "parked",
        "掛單列表",
        shapes.ParkedListOut,
        shifts.parked,
        needs=("till.checkout",),
    ),
    Endpoint(
        "PUT",
        f"parked/{_ID}",
        "掛單",
        shapes.ParkedOut,
        shifts.park,
        shapes.ParkedIn,
        needs=("till.checkout",),
    ),
    Endpoint(
        "DELETE",
        f"parked/{_ID}",
        "刪除掛單",
        shapes.Ok,
        shifts.unpark,
        needs=("till.checkout",),
    ),
    Endpoint(
        "GET", "shift", "上次小結之後的數字", shapes.ShiftOut, shifts.shift, needs=("till.closing",)
    ),
    Endpoint(
        "POST",
        "shift/summary",
        "小結（可同時關帳）",
        shapes.ShiftDoneOut,
        shifts.summary,
        shapes.SummaryIn,
        needs=("till.closing",),
    ),
    Endpoint(
        "POST",
        "shift/close",
        "關帳",
        shapes.ShiftDoneOut,
        shifts.close,
        shapes.CloseIn,
        needs=("till.closing",),
    ),
    Endpoint(
        "POST",
        "drawer",
        "開錢櫃（記錄原因）",
        shapes.Ok,
        shifts.drawer,
        shapes.DrawerIn,
        needs=("till.open_drawer",),
    ),
)
