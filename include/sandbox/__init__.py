"""An emulator of Finance & Operations, Dataverse and Microsoft Entra ID, for tests and demos (docs/sandbox.md).

It shares no code with the integration, so that it cannot share its mistakes.
"""
