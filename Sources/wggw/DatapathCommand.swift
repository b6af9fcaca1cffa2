import ArgumentParser
import Datapath
import Gateway
import Glibc

struct DatapathCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datapath",
        abstract: "wggw's own WireGuard for one interface, to be set by `wg` or by `wggw apply`.",
        discussion: """
            It makes the TUN device and the configuration socket /var/run/wireguard/IF.sock, and goes into the background when \
            the socket answers; a second one, /var/run/amneziawg/IF.sock, is for `awg`. A link to wggw of the name wggw-datapath \
            does for WG_QUICK_USERSPACE_IMPLEMENTATION.
            """)

    @Argument(help: ArgumentHelp("The interface's name.", valueName: "if"))
    var interface: String

    @Flag(name: .shortAndLong, help: "Stay in the foreground.")
    var foreground = false

    @Option(help: ArgumentHelp("Threads that move packets.", valueName: "count"))
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "Do without, where a driver or processor promises what it does not keep; may be repeated: "
                + Fallbacks.names.map(\.0).joined(separator: ", ") + ".",
            valueName: "what"))
    var without: [Without] = []

    func run() throws {
        try NotRoot.refuse("datapath")
        do {
            guard foreground else {
                var arguments = [interface]
                if let workers { arguments += ["--workers", "\(workers)"] }
                arguments += without.flatMap { ["--without", $0.name] }
                return try startDatapathProcess(arguments)
            }
            var options = DatapathOptions(interface: interface)
            options.workers = workers
            options.without = without.reduce([]) { $0.union($1.fallback) }
            options.readinessDescriptor = getenv("WGGW_READY_FD").flatMap { Int32(String(cString: $0)) }
            try DatapathDaemon.run(options)
        } catch let error as DatapathError { throw CommandError("\(error)") }
    }
}

/// One of the things that a datapath can do without.
struct Without: ExpressibleByArgument {
    let name: String
    let fallback: Fallbacks

    init?(argument: String) {
        guard let (name, fallback) = Fallbacks.names.first(where: { $0.0 == argument }) else { return nil }
        self.name = name
        self.fallback = fallback
    }
}
