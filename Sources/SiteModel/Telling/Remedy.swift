public import NetTypes

/// What would help. The command line writes it as a command, a page would as a button.
public indirect enum Remedy: Hashable, Sendable {
    /// The box is to be as the applied revision says.
    case restore
    /// The newest revision is to be on the box.
    case apply
    /// The same, with a datapath that is started anew.
    case restart
    /// The box is to be as the applied revision says, with a datapath that is started anew.
    case restoreAnew
    /// Everything of wggw's is to go off the box.
    case takeDown
    /// An apply that waits for its confirmation is to stay.
    case confirm
    /// What was applied before is to come back.
    case rollBack
    /// Something is to be looked at.
    case look(View)
    /// The service is to follow the box.
    case follow
    /// The site is to be changed, or made.
    case site(SiteEdit)
    /// A peer is to be made.
    case addPeer
    /// A peer that is known elsewhere is to be let in here, under this name or another.
    case letIn(peer: String?, PublicKey, [IPAddress])
    /// A peer is to be changed; nil: whichever is meant.
    case peer(String?, PeerEdit)
    /// A file is to be kept of everything.
    case backUp
    /// Something is to be said with what is asked for, or left out of it.
    case input(Input)

    /// A peer is to go out through the gateway, from now on, and to get its new file.
    case fullTunnel(peer: String)
    /// A peer is to come in for longer.
    case prolong(peer: String)
    /// Another disguise is to be drawn in the place of the one of this name.
    case disguiseAnew(String)
    /// A disguise of this name is to be drawn for apps of a version.
    case disguise(String, for: AWGVersion)
    /// A peer's own policy is to be this, from now on.
    case policy(peer: String, [AccessRule])
    /// A group's policy is to hold this as well, from now on.
    case groupRule(group: String, AccessRule)
    /// A peer's side is to have the file that is written for it now.
    case newFile(peer: String)
    /// The log tells what of a peer's datagrams arrives.
    case watchLog
    /// Somebody else's rules are to let it through: a command of theirs.
    case command(String)
    /// The LAN's router has to be told a route.
    case routerRoute(IPPrefix, via: IPAddress?)
    /// What somebody has to do elsewhere, in words.
    case elsewhere(Advice)

    /// What can be looked at.
    public enum View: Hashable, Sendable {
        /// How the gateway is.
        case status
        /// What would change.
        case plan
        /// The revisions.
        case history
        /// The peers of the newest one.
        case peers
        /// What WireGuard says of itself.
        case log
        /// What is refused.
        case denied
    }

    /// What can be changed of a site.
    public enum SiteEdit: Hashable, Sendable {
        /// The first one is to be made.
        case first
        /// The same, with what it cannot do without.
        case whole
        /// The name of the tunnel's interface.
        case interface
        /// Which datapath carries it: whichever there is.
        case anyDatapath
        /// Where peers dial.
        case endpoint
        /// What is not the tunnel's is forwarded, too.
        case otherForwarding
        /// That the service keeps what is refused.
        case keepingDenied
        /// Anything, in the profile.
        case profile
    }

    /// What can be changed of a peer.
    public enum PeerEdit: Hashable, Sendable {
        /// Anything.
        case any
        /// It gets an address in the tunnel.
        case address
        /// The networks behind it are named.
        case networks
        /// It comes in by plain WireGuard.
        case plain
        /// It comes in by this disguise.
        case disguise(String)
        /// Its preshared key is set.
        case presharedKey
        /// What it may reach.
        case policy
        /// It goes out to the Internet through the gateway.
        case fullTunnel
        /// It goes.
        case removal
        /// Its file is written.
        case file
        /// Its file is written, as a gateway's.
        case gatewayFile
    }

    /// What can be said with something that is asked for.
    public enum Input: Hashable, Sendable {
        case lan, lanInterface, egressInterface, fullTunnel, tunnel, endpoint, address
        case confirmation, stateDirectory, replacing, configuration
        case origin, interface
    }

    /// What is to be done where no command of this box reaches.
    public enum Advice: Hashable, Sendable {
        /// Look at the cable, or switch the interface on.
        case connect(interface: String)
        /// Is the host on, and is this its address?
        case switchOn(IPAddress)
        /// Start what should answer, or bind it to this address too.
        case serve(Flow.Service)
        /// The host has a firewall of its own, or answers its own network alone.
        case hostFirewall(IPAddress)
        /// Renumber one of two networks that are the same.
        case renumber(IPPrefix)
        /// Take the route or rule away that says otherwise.
        case removeRoute(IPAddress, table: UInt32?)
        /// Add a route.
        case addRoute(IPAddress)
        /// Two have one address.
        case changeAddress(IPAddress)
    }
}
