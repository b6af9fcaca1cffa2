import Testing

@testable import NetTypes

@Suite struct InterfaceMarkTests {
    @Test(arguments: [Int32(1), 4_194_304]) func `a mark comes back as it went`(_ process: Int32) {
        #expect(InterfaceMark("\(InterfaceMark(process: process))") == InterfaceMark(process: process))
    }

    @Test(arguments: [
        "", "wggw datapath ", "wggw datapath 0", "wggw datapath -1", "wggw datapath 7 ", "uplink", "wggw datapath +7",
    ])
    func invalid(_ alias: String) { #expect(InterfaceMark(alias) == nil) }
}
