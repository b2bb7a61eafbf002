"""Runs PostgreSQL as a Citus cluster of this machine: a coordinator and its workers."""
