from django.db import migrations

from guitai.kernel.sqlfile import run_sql


class Migration(migrations.Migration):
    dependencies = [("numbering", "0001_initial"), ("tenancy", "0001_initial")]
    operations = [run_sql(__file__, "range_storage.sql"), run_sql(__file__, "take_number.sql")]
