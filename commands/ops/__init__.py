"""Operations that providers of ``discovery.yml`` do: commands by themselves, steps of playbooks."""
