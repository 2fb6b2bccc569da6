"""What each command of ``python -m fs_integration`` does. Every command returns its exit code, 0 when all is well."""
