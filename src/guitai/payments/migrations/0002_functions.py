from django.db import migrations

from guitai.kernel.sqlfile import run_sql


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [run_sql(__file__, "record_tenders.sql")]
