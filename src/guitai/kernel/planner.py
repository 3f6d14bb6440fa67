"""What the planner has to know about tables that nobody has analyzed yet.

PostgreSQL guesses that a column it knows nothing of tells 200 values apart. In a small table the
merchant alone then seems to lead to a single row, so every index that begins with the merchant
costs the same; of equals the planner takes the youngest, and a connection keeps that plan (a
function's after five calls) until the table is analyzed. Looking one sale up by its key thus read
every order of the shop, until autovacuum came round.
"""

from django.apps import apps
from django.db import connection

from guitai.kernel.models import TenantModel

# PostgreSQL 18 is the first that can be told. An older one plans well from its first analyze on.
TELLABLE = 180000
# The same in nearly all rows that a shop reads: its own, of this period.
COMMON = ["merchant_id", "period"]
TELL = """
SELECT pg_restore_attribute_stats(
           'schemaname', 'public', 'relname', c.table_name::text, 'attname', c.column_name::text,
           'inherited', false, 'n_distinct', 1::real)
  FROM information_schema.columns c
 WHERE c.table_schema = 'public' AND c.table_name = ANY (%s) AND c.column_name = ANY (%s)
   AND NOT EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = c.table_schema
                      AND s.tablename = c.table_name AND s.attname = c.column_name)
"""


def tell_what_is_common() -> None:
    """Says of every tenant's table without statistics that ``COMMON`` tells no rows apart.

    What ANALYZE has found is left alone, and its next run replaces what is said here.
    """
    connection.ensure_connection()
    if connection.connection.info.server_version < TELLABLE:
        return
    with connection.cursor() as cursor:
        cursor.execute(TELL, [tables(), COMMON])


def tables() -> list[str]:
    """The tables whose every key begins with the merchant."""
    return [m._meta.db_table for m in apps.get_models() if issubclass(m, TenantModel)]
