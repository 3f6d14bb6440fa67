"""The outside world: centres, later gateways, shops and carriers. Nothing here touches storage."""
