-- 作廢不會比開立先送出。
SELECT late.merchant_id, late.number AS subject, format('%s 已送出，%s 還是 %s', late.kind, first.kind, first.state)
FROM public.invoicing_transmission late
JOIN public.invoicing_transmission first
    ON first.merchant_id = late.merchant_id AND first.lane = late.lane
   AND first.position < late.position
WHERE late.state IN ('in_flight', 'sent', 'confirmed', 'in_doubt')
  AND first.state NOT IN ('sent', 'confirmed')
