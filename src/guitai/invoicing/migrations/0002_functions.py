from django.db import migrations

from guitai.kernel.sqlfile import run_sql


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial")]
    operations = [
        run_sql(__file__, "immutable.sql"),
        run_sql(__file__, "record_invoice.sql"),
        run_sql(__file__, "transmit.sql"),
        run_sql(__file__, "results.sql"),
    ]
