import ArgumentParser
import Gateway
import Glibc
import Storage

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Everything of the site in one file, under a passphrase.",
        discussion: """
            All revisions, the gateway's key, the keys that were made for peers. What is a fact of this box, as what is applied, is \
            not in it. The passphrase is asked for at the terminal, or is the first line of --passphrase-file; whoever has both has \
            the gateway. `wggw restore` puts it onto another box.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var passphrase: PassphraseOption

    @Argument(
        help: ArgumentHelp("The file to write, the caller's alone (0600).", valueName: "file"), completion: .file())
    var file: String

    @Flag(help: "Replace a file that is there.")
    var force = false

    func run() throws {
        let site = try common.reader("backup").newest()
        let store = try common.store("backup")
        let words = try Passphrase.get(file: passphrase.file, isNew: true)
        let bytes = try words.withBytes { try store.backup(passphrase: $0) }
        try writePrivateFile(file, bytes, replacing: force)
        common.note(
            "wrote \(file): \(Format.count(site.revision.id, "revision")), \(Format.count(site.revision.peers, "peer"))"
        )
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Take a backup onto a box that has no site yet.",
        discussion: """
            The file is judged whole before anything is written. Interfaces that this box does not have are looked for anew, by what \
            they carry, and become a draft. Nothing is applied: `wggw apply` brings the gateway up, with the keys and the port that \
            peers know.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var passphrase: PassphraseOption

    @Argument(
        help: ArgumentHelp("A file of `wggw backup` (- is standard input).", valueName: "file"), completion: .file())
    var file: String

    func run() throws {
        if geteuid() != 0 && common.stateDirectory == nil { try NotRoot.refuse("restore") }
        let bytes = try readInput(file)
        let words = try Passphrase.get(file: passphrase.file, isNew: false)
        do {
            try words.withBytes { try Store.restore(bytes, passphrase: $0, into: common.directory) }
        } catch let error as BackupError {
            throw CommandError(error.isAboutTheFile ? "\(file): \(error.prose.text)" : error.prose.text)
        }
        let control = try common.reader("restore")
        let restored = try control.newest()
        common.note(
            "restored \(Format.count(restored.revision.id, "revision")), \(Format.count(restored.revision.peers, "peer"))"
        )
        do {
            let draft = try control.settle(why: "restore onto this box")
            common.notes(draft.notices)
            if draft.isNew { common.note("drafted revision \(draft.stored.revision.id), for this box") }
        } catch {
            guard case .drafting(let why) = error else { throw error }
            common.note("not fitted to this box yet: \(why.prose.text)")
        }
        common.note("next: `wggw plan`, then `wggw apply`")
    }
}

/// `--passphrase-file`.
struct PassphraseOption: ParsableArguments {
    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp("Its first line is the passphrase (- is standard input).", valueName: "file"),
        completion: .file())
    var file: String?
}
