"""How ``integrations`` tells packages above it that something happened, without importing them."""

from django.dispatch import Signal

# A verified webhook named records: sender=AppInstance class, instance=AppInstance, hints=list[integrations.records.Hint].
hints_received = Signal()
# An instance stopped or started working: instance=AppInstance. Syncs are suspended or resumed by the receiver.
instance_state_changed = Signal()
