"""What every room stands on: time, identity, errors, tenancy, money, secrets, jobs, audit."""
