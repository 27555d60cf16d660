/// Owns the tests of `k8s/`: what Kustomize makes of it, whether Kubernetes and the broker would
/// take it, and the simulation of its scaling.
package dev.keybroker.kubernetes;
