/// Owns what happens to calls while parts of a deployment fail or are restarted: a load with known
/// answers, faults, and the table of outcomes. May use every test's tools.
package dev.keybroker.faults;
