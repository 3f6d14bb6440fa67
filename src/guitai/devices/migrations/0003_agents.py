import django.db.models.deletion
import guitai.kernel.fields
import guitai.kernel.ids
import guitai.kernel.scope
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0002_functions'),
        ('tenancy', '0002_sealed_pins'),
    ]

    operations = [
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('pk', models.CompositePrimaryKey('merchant_id', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField(default=guitai.kernel.scope.current, editable=False)),
                ('id', models.UUIDField(default=guitai.kernel.ids.new_id, editable=False)),
                ('register_id', models.UUIDField()),
                ('name', models.CharField(max_length=60)),
                ('agent_id', models.CharField(max_length=64)),
                ('version', models.CharField(blank=True, default='', max_length=20)),
                ('token_hash', models.BinaryField(max_length=32)),
                ('joined_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(null=True)),
                ('register', guitai.kernel.fields.TenantForeignKey(column='register_id', from_fields=['merchant_id', 'register_id'], on_delete=django.db.models.deletion.RESTRICT, related_name='agents', to='tenancy.register', to_fields=['merchant_id', 'id'])),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('merchant_id', 'register_id'), name='agent_one_a_register'), models.UniqueConstraint(fields=('merchant_id', 'token_hash'), name='agent_token_once'), guitai.kernel.fields.TenantReference(column='register_id', name='devices_agent_register_ref', to='tenancy.Register')],
            },
        ),
        migrations.CreateModel(
            name='JoinCode',
            fields=[
                ('pk', models.CompositePrimaryKey('merchant_id', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField(default=guitai.kernel.scope.current, editable=False)),
                ('id', models.UUIDField(default=guitai.kernel.ids.new_id, editable=False)),
                ('register_id', models.UUIDField()),
                ('handle', models.CharField(max_length=3)),
                ('code_hash', models.BinaryField(max_length=32)),
                ('expires_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('used_at', models.DateTimeField(null=True)),
                ('register', guitai.kernel.fields.TenantForeignKey(column='register_id', from_fields=['merchant_id', 'register_id'], on_delete=django.db.models.deletion.RESTRICT, related_name='join_codes', to='tenancy.register', to_fields=['merchant_id', 'id'])),
            ],
            options={
                'indexes': [models.Index(fields=['handle'], name='joincode_handle')],
                'constraints': [guitai.kernel.fields.TenantReference(column='register_id', name='devices_joincode_register_ref', to='tenancy.Register')],
            },
        ),
    ]
