package dev.keybroker.console;

import java.util.List;

/// What a page asks before a private key is to be erased.
///
/// @param change `destroy` a KEK, or `delete` the keystore with all its KEKs
/// @param keystore its id
/// @param uses how the KEKs are used, the newest ones
/// @param total how many KEKs there are
/// @param etag of the keystore, for its deletion
/// @param days the waiting period of a KEK
/// @param confirms whether the API has refused because something still needs the KEKs, so that this
///     is the second question
record Destruction(
    String change,
    String keystore,
    List<KekUseView> uses,
    int total,
    String etag,
    int days,
    boolean confirms) {}
