"""The emulated Dataverse organisation with Field Service and the integration solution."""
