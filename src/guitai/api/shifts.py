"""Parked carts, shift summary, closing, drawer."""

from guitai.api import shapes
from guitai.api.endpoints import Call
from guitai.kernel import clock
from guitai.orders import queries, services
from guitai.orders.models import ParkedCart
from guitai.orders.services.parked import LIMIT
from guitai.payments.rules import METHOD_NAMES, Method


def parked(call: Call) -> shapes.ParkedListOut:
    rows = queries.parked(call.register_id, clock.now())
    return shapes.ParkedListOut(parked=[_cart(row) for row in rows], limit=LIMIT)


def park(call: Call) -> shapes.ParkedOut:
    body: shapes.ParkedIn = call.body
    return _cart(services.park(call.clerk, call.ids["id"], body.label, body.cart, clock.now()))


def unpark(call: Call) -> shapes.Ok:
    services.unpark(call.clerk, call.ids["id"], clock.now())
    return shapes.Ok()


def _cart(row: ParkedCart) -> shapes.ParkedOut:
    return shapes.ParkedOut(
        **{name: getattr(row, name) for name in shapes.ParkedOut.__struct_fields__}
    )


def shift(call: Call) -> shapes.ShiftOut:
    now = clock.now()
    figures = queries.figures(call.clerk.register, now)
    today = clock.in_taipei(now).date()
    plain = {
        name: getattr(figures, name)
        for name in shapes.ShiftOut.__struct_fields__
        if name not in {"tenders", "net_sales", "open_summaries", "closed_today"}
    }
    return shapes.ShiftOut(
        **plain,
        net_sales=figures.sales - figures.cancelled_amount,
        tenders=[
            shapes.TenderSumOut(name=METHOD_NAMES[Method(entry["method"])], **entry)
            for entry in figures.tenders
        ],
        open_summaries=queries.open_summaries(call.register_id).count(),
        closed_today=queries.closings_on(call.register_id, today),
    )


def summary(call: Call) -> shapes.ShiftDoneOut:
    body: shapes.SummaryIn = call.body
    counted = services.Counted(body.counted_cash, body.taken_out, body.reason)
    result = services.summarise(
        call.clerk,
        counted,
        clock.now(),
        summary_id=body.id,
        close=body.close,
        confirmed=body.confirm,
    )
    return _done(result)


def close(call: Call) -> shapes.ShiftDoneOut:
    return _done(services.close(call.clerk, clock.now(), confirmed=call.body.confirm))


def _done(result: services.ShiftResult) -> shapes.ShiftDoneOut:
    row = result.summary or result.closing
    assert row is not None  # one of the two was just made
    return shapes.ShiftDoneOut(
        serial=row.serial,
        expected_cash=row.expected_cash,
        counted_cash=row.counted_cash,
        difference=row.difference,
        taken_out=row.taken_out,
        cash_left=row.cash_left,
        closing_serial=result.closing.serial if result.closing else None,
        print_jobs=[
            shapes.JobHead(id=job.id, kind=job.kind, copy=job.copy, state=job.state)
            for job in result.jobs
        ],
    )


def drawer(call: Call) -> shapes.Ok:
    services.record_drawer(call.clerk, call.body.reason)
    return shapes.Ok()
