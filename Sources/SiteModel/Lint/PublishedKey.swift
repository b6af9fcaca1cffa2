import NetTypes

/// Keys that stand in pages which many read, and that are copied from there.
enum PublishedKey {
    static let privateKeys = [
        ("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "wg(8)"),
        ("oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrQM=", "wg-quick(8)"),
        ("gI6EdUSYvn8ugXOt8QQD6Yc+JyiZxIhp3GInSWRfWGE=", "wireguard.com"),
    ].map { (key: try! PrivateKey(parsing: $0), source: $1) }

    static let publicKeys = Dictionary(
        uniqueKeysWithValues: [
            ("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", "wg(8)"),
            ("TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=", "wg(8)"),
            ("gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=", "wg(8)"),
            ("GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=", "wg-quick(8)"),
            ("HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=", "wireguard.com"),
            ("cL9S5KV5wAy/AsKyYct3qz9BHxe5FYqxlb/eDthF/VY=", "wg-quick(8)"),
        ].map { (PublicKey($0)!, $1) })

    static let presharedKeys = [("/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=", "wg-quick(8)")].map {
        (key: try! PresharedKey(parsing: $0), source: $1)
    }
}
