import Glibc
import NetTypes
import SiteModel
import Testing

@testable import Storage

/// Nobody else's file is written to in the place of wggw's, and nobody else's directory is taken for wggw's.
@Suite struct TrustedDirectoryTests {
    static let names = ["lock", "key", "wggw.db", "wggw.db-wal", "wggw.db-shm", "wggw.db-journal"]

    let directory = TemporaryDirectory()
    /// Somebody else's.
    let outside = TemporaryDirectory()

    /// Everything that a first command does with files.
    private func use(_ state: StateDirectory) throws {
        let store = try Store(state)
        let lock = try store.records.lock(purpose: "a test", waitingMilliseconds: 0)
        _ = try store.revisions.name(of: PresharedKey { $0.copyBytes(from: [UInt8](repeating: 1, count: 32)) })
        withExtendedLifetime(lock) {}
    }

    private func refuses(_ state: StateDirectory, _ words: String..., about file: String) {
        #expect { try use(state) } throws: { error in
            guard case StorageError.file(let path, _) = error else { return false }
            return path == file && words.allSatisfy { "\(error)".contains($0) }
        }
    }

    @Test(arguments: names) func aPlantedLinkIsNotFollowed(name: String) throws {
        outside.write("key", Array("what root has".utf8))
        for target in ["\(outside.path)/key", "\(outside.path)/nowhere"] {
            symlink(target, "\(directory.path)/\(name)")
            refuses(directory.state, "is a symbolic link", about: "\(directory.path)/\(name)")
            unlink("\(directory.path)/\(name)")
        }
        #expect(outside.read("key") == Array("what root has".utf8))
        #expect(access("\(outside.path)/nowhere", F_OK) != 0)
    }

    @Test(arguments: names) func aFileWithAnotherNameIsRefused(name: String) throws {
        outside.write("key", [UInt8](repeating: 5, count: 32))
        link("\(outside.path)/key", "\(directory.path)/\(name)")
        refuses(directory.state, "2 names", "make a copy", about: "\(directory.path)/\(name)")
        #expect(outside.read("key") == [UInt8](repeating: 5, count: 32))
    }

    @Test(arguments: names) func whatIsNoFileIsRefused(name: String) throws {
        let path = "\(directory.path)/\(name)"
        mkfifo(path, 0o600)
        refuses(directory.state, "is no regular file", about: path)
        unlink(path)
        mkdir(path, 0o700)
        defer { rmdir(path) }
        refuses(directory.state, "is no regular file", about: path)
    }

    @Test(arguments: names) func aFileThatOthersMayWriteToIsRefused(name: String) throws {
        directory.write(name, [UInt8](repeating: 5, count: 32))
        chmod("\(directory.path)/\(name)", 0o620)
        refuses(directory.state, "others may write to it", "chmod 600", about: "\(directory.path)/\(name)")
    }

    @Test func aDirectoryOnTheWayThatOthersMayWriteToIsRefused() throws {
        chmod(directory.path, 0o777)
        refuses(
            StateDirectory("\(directory.path)/state"), "others may write to it", "chmod go-w", about: directory.path)
        // What lies in a sticky one stays its owner's, as in /tmp; but the state itself is not everybody's.
        chmod(directory.path, 0o1777)
        try use(StateDirectory("\(directory.path)/state"))
        refuses(directory.state, "chmod 700", about: directory.path)
    }

    @Test func theWayMayHaveLinksOfOnesOwn() throws {
        symlink(outside.path, "\(directory.path)/state")
        symlink("state", "\(directory.path)/lock")
        for path in ["state", "lock", "lock/.", "state/../\(outside.path.split(separator: "/").last!)"] {
            let state = StateDirectory("\(directory.path)/\(path)")
            try use(state)
            #expect(try TrustedDirectory(state.path, creating: false).path == outside.path)
        }
        unlink("\(directory.path)/lock")
        symlink("lock", "\(directory.path)/lock")
        refuses(StateDirectory("\(directory.path)/lock/x"), about: "\(directory.path)/lock")
    }

    @Test func aRelativePathIsOneFromHere() throws {
        let up = String(repeating: "../", count: 40)
        let state = StateDirectory(up + directory.path.dropFirst())
        try use(state)
        #expect(try TrustedDirectory(state.path, creating: false).path == directory.path)
    }

    @Test func whatIsNoDirectoryIsNamed() throws {
        directory.write("key", [])
        refuses(StateDirectory("\(directory.path)/key"), "is not a directory", about: "\(directory.path)/key")
        refuses(StateDirectory("\(directory.path)/key/x"), "is not a directory", about: "\(directory.path)/key")
        #expect(throws: StorageError.self) { try TrustedDirectory("\(directory.path)/none", creating: false) }
    }

    /// As root alone can try: files and directories of somebody else's.
    @Test(.enabled(if: geteuid() == 0, "only root can give a file away; Tests/Lab tries it as well"), arguments: names)
    func whatIsSomebodyElsesIsRefused(name: String) throws {
        directory.write(name, [UInt8](repeating: 5, count: 32))
        chown("\(directory.path)/\(name)", 65534, 65534)
        refuses(directory.state, "belongs to nobody", "chown root", about: "\(directory.path)/\(name)")
        chown("\(directory.path)/\(name)", 0, 0)
        chown(directory.path, 65534, 65534)
        refuses(directory.state, "belongs to nobody", "chown -R root", about: directory.path)
        refuses(
            StateDirectory("\(directory.path)/state"), "belongs to nobody", "below one of root's", about: directory.path
        )
        chown(directory.path, 0, 0)
        symlink(outside.path, "\(directory.path)/state")
        lchown("\(directory.path)/state", 65534, 65534)
        refuses(
            StateDirectory("\(directory.path)/state"), "a symbolic link of nobody's", about: "\(directory.path)/state")
    }
}
