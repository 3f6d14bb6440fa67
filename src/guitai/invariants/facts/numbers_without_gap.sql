-- 每個號碼區間從起號到下一號之前，每一號都有發票：不跳號。
SELECT r.merchant_id, r.track || lpad(r.begin_no::text, 8, '0') AS subject,
       format('下一號 %s，應有 %s 張，實有 %s 張', r.next_no, r.next_no - r.begin_no, count(i.id))
FROM public.numbering_range r
LEFT JOIN public.invoicing_invoice i
    ON i.merchant_id = r.merchant_id AND i.range_id = r.id AND NOT i.manual
GROUP BY r.merchant_id, r.id, r.track, r.begin_no, r.next_no
HAVING count(i.id) <> r.next_no - r.begin_no
