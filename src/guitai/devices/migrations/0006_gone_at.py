from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0005_page_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='agentbeat',
            name='gone_at',
            field=models.DateTimeField(null=True),
        ),
    ]
