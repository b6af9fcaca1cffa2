// swift-tools-version: 6.2
import PackageDescription

// One list of settings for every target of ours: what the compiler can check, it checks, and a warning is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]
let strictC: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-O2"])]

let package = Package(
    name: "wggw",
    products: [.executable(name: "wggw", targets: ["wggw"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "wggw",
            dependencies: [
                "Service", "Reports", "Gateway", "Explaining", "Compiler", "BoxModel", "Datapath", "LinuxNet",
                "SiteModel", "Storage", "Firewall", "System", "NetTypes",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(
            name: "Service",
            dependencies: ["Gateway", "Storage", "LinuxNet", "BoxModel", "SiteModel", "NetTypes", "System", "CLinux"],
            swiftSettings: strict),
        .target(
            name: "Reports",
            dependencies: [
                "Gateway", "Explaining", "Compiler", "BoxModel", "Firewall", "Storage", "SiteModel", "NetTypes",
            ],
            swiftSettings: strict),
        .target(
            name: "Gateway",
            dependencies: [
                "Explaining", "SiteModel", "Compiler", "BoxModel", "Firewall", "Storage", "LinuxNet", "System",
                "NetTypes",
                "CLinux",
                "CQREncode", "CPNG", "CSodium",
            ],
            swiftSettings: strict),
        .target(
            name: "Explaining", dependencies: ["Compiler", "BoxModel", "Firewall", "SiteModel", "NetTypes"],
            swiftSettings: strict),
        .target(
            name: "SiteModel",
            dependencies: ["NetTypes", .product(name: "TOMLKit", package: "TOMLKit")],
            swiftSettings: strict),
        .target(name: "Firewall", dependencies: ["NetTypes"], swiftSettings: strict),
        .target(name: "BoxModel", dependencies: ["SiteModel", "Firewall", "UAPI", "NetTypes"], swiftSettings: strict),
        .target(
            name: "Compiler", dependencies: ["BoxModel", "SiteModel", "Firewall", "NetTypes"], swiftSettings: strict),
        .target(
            name: "Storage",
            dependencies: [
                "SiteModel", "System", "NetTypes", "CSodium", "CLinux",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "LinuxNet",
            dependencies: [
                "BoxModel", "Firewall", "SiteModel", "UAPI", "Netlink", "System", "NetTypes", "CLinux", "CMnl",
                "CNftnl",
            ],
            swiftSettings: strict),
        .target(name: "WireGuardProtocol", dependencies: ["UAPI", "NetTypes", "CCrypto"], swiftSettings: strict),
        .target(
            name: "Datapath",
            dependencies: [
                "WireGuardProtocol", "UAPI", "Netlink", "System", "NetTypes", "CLinux", "CMnl",
            ],
            swiftSettings: strict),
        .target(name: "Netlink", dependencies: ["CMnl"], swiftSettings: strict),
        .target(name: "UAPI", dependencies: ["NetTypes"], swiftSettings: strict),
        .target(name: "NetTypes", swiftSettings: strict),
        .target(name: "System", dependencies: ["CLinux"], swiftSettings: strict),

        .target(name: "CLinux", cSettings: strictC, linkerSettings: [.linkedLibrary("seccomp")]),
        .target(
            name: "CCrypto", cSettings: strictC,
            linkerSettings: [.linkedLibrary("sodium")]),
        .systemLibrary(name: "CMnl", pkgConfig: "libmnl", providers: [.apt(["libmnl-dev"])]),
        .systemLibrary(name: "CNftnl", pkgConfig: "libnftnl", providers: [.apt(["libnftnl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

        // Sites, made by hand and at random, that several test targets compile.
        .target(
            name: "SiteSamples",
            dependencies: ["Compiler", "BoxModel", "SiteModel", "Firewall", "NetTypes", "Repeats"],
            path: "Tests/SiteSamples",
            swiftSettings: strict),
        // A box in memory.
        .target(
            name: "BoxTwin", dependencies: ["BoxModel", "Firewall", "NetTypes"], path: "Tests/BoxTwin",
            swiftSettings: strict),
        // A gateway on a box in memory, that several test targets work with.
        .target(
            name: "GatewaySamples",
            dependencies: [
                "Gateway", "Storage", "Compiler", "BoxModel", "SiteModel", "NetTypes", "SiteSamples", "BoxTwin",
            ],
            path: "Tests/GatewaySamples",
            swiftSettings: strict),
        // Random numbers, how often attacks with them are repeated, and how the time of reading grows.
        .target(name: "Repeats", path: "Tests/Repeats", swiftSettings: strict),
        .testTarget(name: "NetTypesTests", dependencies: ["NetTypes"], swiftSettings: strict),
        .testTarget(name: "SystemTests", dependencies: ["System"], swiftSettings: strict),
        .testTarget(name: "UAPITests", dependencies: ["UAPI", "NetTypes", "Repeats"], swiftSettings: strict),
        .testTarget(
            name: "SiteModelTests",
            dependencies: ["SiteModel", "NetTypes", "Repeats", .product(name: "TOMLKit", package: "TOMLKit")],
            resources: [.copy("WgQuickFiles")], swiftSettings: strict),
        .testTarget(name: "FirewallTests", dependencies: ["Firewall", "NetTypes"], swiftSettings: strict),
        .testTarget(
            name: "CompilerTests",
            dependencies: [
                "Compiler", "BoxModel", "Firewall", "SiteModel", "NetTypes", "SiteSamples", "BoxTwin", "Repeats",
            ],
            exclude: ["Goldens"],
            swiftSettings: strict),
        .testTarget(
            name: "ExplainingTests",
            dependencies: [
                "Explaining", "Compiler", "BoxModel", "Firewall", "SiteModel", "NetTypes", "SiteSamples", "Repeats",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Storage", "SiteModel", "System", "NetTypes", "CSodium", "Repeats",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "Explaining", "Storage", "LinuxNet", "Compiler", "BoxModel", "Firewall", "SiteModel",
                "NetTypes", "GatewaySamples", "SiteSamples", "BoxTwin", "Repeats", "CLinux",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "wggw", "Reports", "Gateway", "Explaining", "Storage", "Compiler", "BoxModel", "Firewall", "SiteModel",
                "UAPI", "NetTypes", "GatewaySamples", "BoxTwin", "Repeats",
            ],
            exclude: ["Goldens"], swiftSettings: strict),
        .testTarget(name: "ServiceTests", dependencies: ["Service"], swiftSettings: strict),
        .testTarget(
            name: "LinuxNetTests",
            dependencies: [
                "LinuxNet", "Explaining", "Compiler", "BoxModel", "Firewall", "SiteModel", "UAPI", "Netlink",
                "NetTypes",
                "SiteSamples", "Repeats", "CLinux",
            ],
            exclude: ["Goldens", "Rulesets"], swiftSettings: strict),
        .testTarget(
            name: "WireGuardProtocolTests",
            dependencies: ["WireGuardProtocol", "UAPI", "NetTypes", "Repeats", "CCrypto"],
            resources: [.copy("Vectors")], swiftSettings: strict),
        .testTarget(
            name: "DatapathTests",
            dependencies: [
                "Datapath", "WireGuardProtocol", "UAPI", "System", "NetTypes", "Repeats", "CLinux", "CCrypto",
            ],
            swiftSettings: strict),
    ]
)

// Of `scripts/bench kernel` alone: what only the rooms' own functions can be timed by.
if Context.environment["WGGW_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "KernelBench",
            dependencies: ["LinuxNet", "Compiler", "BoxModel", "Firewall", "SiteModel", "NetTypes", "SiteSamples"],
            path: "Tests/KernelBench", swiftSettings: strict))
}

// The fuzzers are built by scripts/fuzz alone, with instrumentation that nothing else has.
if Context.environment["WGGW_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Datapath", "WireGuardProtocol", "SiteModel", "UAPI", "NetTypes", "CLinux", "CCrypto", "CFuzzer",
            ],
            path: "Tests/Fuzz", swiftSettings: strict),
        // What the tests do for a second, for as long as it takes; a file has one target, so the tests are none here.
        .executableTarget(
            name: "Datagrams",
            dependencies: ["Datapath", "WireGuardProtocol", "UAPI", "NetTypes", "Repeats", "CLinux", "CCrypto"],
            path: "Tests/DatapathTests/Datagrams", swiftSettings: strict + [.define("STORM")]),
    ]
    package.targets.removeAll { $0.name == "DatapathTests" }
}
