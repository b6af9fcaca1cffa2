public import BoxModel
public import NetTypes
public import SiteModel

/// What a flow is explained by: the site, what it compiles to, and the box.
public struct Scene {
    /// The site in question.
    public let site: Site
    /// What it compiles to, with the box's surroundings.
    public let desired: DesiredState
    /// The revision.
    public let revision: Int
    /// Whether the interfaces that carry the LAN or lead out are others than when it was applied.
    public let isMoved: Bool
    /// The box; nil where nothing is applied, and only the profile is judged.
    public let observed: ObservedState?
    /// Seconds since the epoch.
    public let now: Int64
    let terrain: any Terrain
    /// Asks hosts; nil: nobody is asked.
    let prober: (any Prober)?
    let lookUp: (String) -> [IPAddress]

    /// Sets a scene. `prober`: asks the host at the end, and nobody where it is nil. `lookUp`: what a host's name stands for;
    /// empty where nobody knows.
    public init(
        site: Site, desired: DesiredState, revision: Int, isMoved: Bool = false, observed: ObservedState?, now: Int64,
        terrain: any Terrain, prober: (any Prober)? = nil, lookUp: @escaping (String) -> [IPAddress]
    ) {
        self.site = site
        self.desired = desired
        self.revision = revision
        self.isMoved = isMoved
        self.observed = observed
        self.now = now
        self.terrain = terrain
        self.prober = prober
        self.lookUp = lookUp
    }
}
