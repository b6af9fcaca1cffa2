/// A file of wg-quick as it lies there, to be judged with others.
public struct LintFile: Sendable {
    /// The name as it was given.
    public let name: String
    /// What it says.
    public let text: FileText
    /// nil where it is no file, as standard input.
    public let exposure: FileExposure?

    /// Makes one.
    public init(_ name: String, _ text: FileText, exposure: FileExposure? = nil) {
        self.name = name
        self.text = text
        self.exposure = exposure
    }
}
