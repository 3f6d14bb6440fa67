"""What can go wrong with payments. Codes are stable."""

from guitai.kernel.errors import BadInput


class BadTender(BadInput):
    code = "PAY-TENDER"
    sentence = "第 {position} 筆付款不正確：{detail}。"


class TenderSum(BadInput):
    code = "PAY-SUM"
    sentence = "付款合計 {paid} 元，與應付 {total} 元不同，請補足或調整。"
