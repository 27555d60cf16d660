package dev.keybroker.console;

/// What a page asks before a change.
///
/// @param change `rotate`, `disable`, `enable`, `restore`, `re-encrypt` or `restore-keystore`
/// @param keystore its id
/// @param kek its id; empty if the change is of the keystore
/// @param requestId of the change; empty if it needs none
record Question(String change, String keystore, String kek, String requestId) {}
