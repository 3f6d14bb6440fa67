"""Who sells: merchant, business entity, store, register, the device bound to it, and staff."""
