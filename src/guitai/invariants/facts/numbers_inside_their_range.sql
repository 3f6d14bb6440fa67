-- 系統開立的號碼都在自己的區間、字軌、期別與賣方之內，且已被取用。
SELECT i.merchant_id, i.number AS subject, coalesce('區間 ' || r.id::text, '沒有區間')
FROM public.invoicing_invoice i
LEFT JOIN public.numbering_range r ON r.merchant_id = i.merchant_id AND r.id = i.range_id
WHERE NOT i.manual
  AND (r.id IS NULL
       OR r.ban <> i.seller_ban OR r.period <> i.period OR r.track <> left(i.number, 2)
       OR substr(i.number, 3)::int NOT BETWEEN r.begin_no AND r.next_no - 1)
