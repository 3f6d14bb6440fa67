from django.db import migrations

from guitai.kernel.sqlfile import run_sql


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("catalog", "0001_initial"),
        ("devices", "0002_functions"),
        ("invoicing", "0002_functions"),
        ("kernel", "0002_audit_append_only"),
        ("numbering", "0002_functions"),
        ("payments", "0002_functions"),
    ]
    operations = [
        run_sql(__file__, "ledger.sql"),
        run_sql(__file__, "till.sql"),
        run_sql(__file__, "issue_document.sql"),
        run_sql(__file__, "complete_sale.sql"),
    ]
