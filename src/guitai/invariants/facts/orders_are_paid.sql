-- 每筆訂單的明細、折扣與付款加起來一致。
SELECT o.merchant_id, o.number AS subject,
       format('應收 %s，明細 %s，付款 %s', o.total, lines.net - o.order_discount, paid.amount)
FROM public.orders_order o
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount - l.discount), 0) AS net FROM public.orders_orderline l
    WHERE l.merchant_id = o.merchant_id AND l.order_id = o.id
) lines
CROSS JOIN LATERAL (
    SELECT coalesce(sum(t.amount), 0) AS amount FROM public.payments_tender t
    WHERE t.merchant_id = o.merchant_id AND t.order_id = o.id
) paid
WHERE o.total <> lines.net - o.order_discount OR o.total <> paid.amount
