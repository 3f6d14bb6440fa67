-- 每張由訂單開立的發票，訂單上都看得到它。
SELECT i.merchant_id, i.number AS subject, '訂單沒有記載這張發票'
FROM public.invoicing_invoice i
LEFT JOIN public.orders_order o
    ON o.merchant_id = i.merchant_id AND o.id = i.order_id AND o.invoice_number = i.number
WHERE i.order_id IS NOT NULL AND o.id IS NULL
