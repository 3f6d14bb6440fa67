-- 同一區間內號碼越大，開立時間越晚（統一發票使用辦法第 8 條）。
SELECT merchant_id, number AS subject, format('早於前一號 %s', earlier)
FROM (
    SELECT merchant_id, number, issued_at,
           lag(number) OVER lane AS earlier, lag(issued_at) OVER lane AS earlier_at
    FROM public.invoicing_invoice
    WHERE NOT manual
    WINDOW lane AS (PARTITION BY merchant_id, range_id ORDER BY number)
) ordered
WHERE issued_at < earlier_at
