-- 發票日期是開立當天（台北），期別是那一天的期別（S2.18）。
SELECT merchant_id, number AS subject, format('%s 開立於 %s', issue_date, issued_at)
FROM public.invoicing_invoice
WHERE NOT manual
  AND (issue_date <> (issued_at AT TIME ZONE 'Asia/Taipei')::date
       OR period <> public.invoicing_period_of(issue_date)
       OR document ->> 'number' <> number
       OR (document ->> 'date')::date <> issue_date
       OR (document #>> '{totals,total}')::bigint <> total)
