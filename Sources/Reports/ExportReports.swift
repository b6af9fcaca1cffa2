internal import Compiler
public import Gateway

/// A peer's side in wg-quick's form.
public struct ConfigurationReport: Report {
    let export: Export

    /// Of this one.
    public init(_ export: Export) { self.export = export }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("name") { .string($0.export.name) },
        ReportField("conf") { .string($0.export.text) },
    ]
}

/// A peer's side in another form.
public struct ExportReport: Report {
    let export: Export
    let form: ExportForm

    /// `form`: the one that it is written in.
    public init(_ export: Export, as form: ExportForm) {
        self.export = export
        self.form = form
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("name") { .string($0.export.name) },
        ReportField("form") { .string($0.form.name) },
        .list("files", of: FileReport.self) { $0.export.files.map(FileReport.init) },
    ]
}

/// A file of it.
struct FileReport: Report {
    let file: ClientFile

    static let fields: [ReportField<Self>] = [
        ReportField("name") { .string($0.file.name) },
        ReportField("text") { .string($0.file.text) },
    ]
}
