/// The broker with the credentials that EKS gives to pods: IRSA and Pod Identity.
@NullMarked
package dev.keybroker.eks;

import org.jspecify.annotations.NullMarked;
