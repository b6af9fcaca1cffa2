import Testing

@testable import Datapath

/// What the datapath says of what the system refused it.
@Suite struct DatapathErrorTests {
    private static let deeds: [(DatapathError.Deed, String)] = [
        (.openPort(51820), "opening UDP port 51820"), (.openNull, "opening /dev/null"),
        (.makeInterface("wg0"), "making TUN interface wg0"), (.markInterface("wg0"), "marking wg0"),
        (.findInterface("wg0"), "looking for wg0"), (.turnOffloadsOff, "turning TUN offloads off"),
        (.giveUpCapabilities, "giving up capabilities"),
        (.takeUpCapabilities, "taking up the capabilities that are kept"),
        (.forbidCoreDumps, "forbidding core dumps"), (.blockSignals, "blocking signals"),
        (.makePoller, "making an epoll descriptor"), (.makeTimer, "making a timer"), (.watch, "watching a descriptor"),
        (.listenToRoutes, "listening to rtnetlink"), (.makeDirectory("/d"), "making /d"),
        (.makeSocket, "making the configuration socket"), (.bind("/s"), "binding /s"),
        (.listen("/s"), "listening on /s"),
        (.look("/s"), "looking at /s"), (.rename("/s", to: "/t"), "renaming /s to /t"),
        (.startJanitor("/s"), "starting the process that removes /s"), (.tellJanitor("/s"), "telling of /s"),
    ]

    @Test func words() {
        for (deed, words) in Self.deeds {
            #expect(DatapathError.system(doing: deed, errno: 13).description == "\(words): Permission denied")
        }
    }
}
