"""The peers, each in the form natural to it."""

from suite.peers.registry import PEERS, NoForm, Peer, Ready, build, load_plugins, peer_names

__all__ = ["PEERS", "NoForm", "Peer", "Ready", "build", "load_plugins", "peer_names"]
