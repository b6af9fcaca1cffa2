public import BoxModel
import Compiler
public import SiteModel

/// A scene that was looked at once, for any number of flows: what all of them ask of the profile and of the box is ready.
public struct Survey {
    let scene: Scene
    let map: BoxMap
    let judge: ProfileJudge
    let lines: ProfileLines
    let branches: Branches

    /// The site in question.
    public var site: Site { scene.site }

    /// Looks. Throws where the box cannot be looked at.
    public init(_ scene: Scene) throws(BoxError) {
        self.scene = scene
        map = try BoxMap(scene)
        judge = ProfileJudge(scene.site, scene.desired, own: map.addresses, lookUp: scene.lookUp)
        lines = ProfileLines(scene.site)
        branches = Branches(scene.site)
    }

    /// The answer to a flow. Throws `FlowError` where the question makes no sense, `BoxError` where the box cannot be asked.
    public func explain(_ flow: Flow) throws -> Explanation { try Explainer(self, flow).explanation() }
}
