from django.db import migrations

from guitai.kernel.sqlfile import run_sql


class Migration(migrations.Migration):
    """A register's ten thousandth order of a day; also in the tables of an older backup."""

    dependencies = [("orders", "0003_typed_numbers_are_marked")]
    operations = [run_sql(__file__, "complete_sale.sql")]
