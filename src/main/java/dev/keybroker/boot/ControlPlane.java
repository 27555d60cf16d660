package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.RootKeyObserver;
import dev.keybroker.keystore.ChangeTurns;
import dev.keybroker.keystore.Diagnosis;
import dev.keybroker.keystore.DueRotations;
import dev.keybroker.keystore.KekGeneration;
import dev.keybroker.keystore.KekHistory;
import dev.keybroker.keystore.KekLife;
import dev.keybroker.keystore.KekRepository;
import dev.keybroker.keystore.KeyPairLane;
import dev.keybroker.keystore.KeyPairSource;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.KeystoreConfig;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.KeystoreStatus;
import dev.keybroker.keystore.KmsContextConfig;
import dev.keybroker.keystore.OnboardingGuide;
import dev.keybroker.keystore.RootKeyAccess;
import dev.keybroker.keystore.RootKeyCheck;
import dev.keybroker.keystore.RootKeyWatch;
import dev.keybroker.keystore.Rotation;
import dev.keybroker.keystore.RotationConfig;
import dev.keybroker.keystore.RotationSweep;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsQuotaConfig;
import dev.keybroker.kms.MemoryQuotaLines;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.kms.QuotaLines;
import dev.keybroker.kms.aws.AwsConfig;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Clock;

/// Assembles the control plane.
class ControlPlane {
  @Produces
  @Singleton
  RootKeyAccess rootKeyAccess(KeystoreConfig config, KmsContextConfig contextConfig) {
    return new RootKeyAccess(config, contextConfig);
  }

  @Produces
  @Singleton
  KeyPairLane keyPairLane() {
    return new KeyPairLane();
  }

  void endKeyPairs(@Disposes KeyPairLane lane) {
    lane.close();
  }

  @Produces
  @Singleton
  QuotaGate quotaGate(
      QuotaLines shared, KmsQuotaConfig config, Ticker ticker, MeterRegistry registry) {
    return new QuotaGate(
        shared,
        new MemoryQuotaLines(ticker),
        config,
        Infrastructure.getDefaultWorkerPool(),
        ticker,
        registry);
  }

  @Produces
  @Singleton
  KeyPairSource keyPairSource(
      Kms kms, QuotaGate gate, KeyCodec codec, KeyPairs keyPairs, KeyPairLane lane) {
    return new KeyPairSource(kms, gate, codec, keyPairs, lane);
  }

  @Produces
  @Singleton
  KekGeneration kekGeneration(
      KekRepository keks,
      KeyPairSource keyPairs,
      RootKeyAccess access,
      KekCopies copies,
      KekChanges changes) {
    return new KekGeneration(keks, keyPairs, access, copies, changes);
  }

  @Produces
  @Singleton
  Diagnosis diagnosis(Kms kms, AwsConfig config, Clock clock) {
    return new Diagnosis(kms, config.principalArn(), clock);
  }

  @Produces
  @Singleton
  RootKeyCheck rootKeyCheck(
      Kms kms,
      KeyPairSource keyPairs,
      KeyCodec codec,
      DekWrapping wrapping,
      SecureRandom random,
      Diagnosis diagnosis,
      KeystoreConfig config,
      Clock clock) {
    return new RootKeyCheck(kms, keyPairs, codec, wrapping, random, diagnosis, config, clock);
  }

  @Produces
  @Singleton
  Rotation rotation(
      KeystoreRepository keystores,
      KeystoreStatus status,
      KekGeneration generation,
      RootKeyAccess access,
      Diagnosis diagnosis) {
    return new Rotation(keystores, status, generation, access, diagnosis);
  }

  @Produces
  @Singleton
  KeystoreAdmin keystores(
      KeystoreRepository keystores,
      RootKeyAccess access,
      RootKeyCheck check,
      QuotaGate gate,
      Rotation rotation,
      ChangeTurns turns,
      KekChanges changes,
      Clock clock) {
    return new KeystoreAdmin(keystores, access, check, gate, rotation, turns, changes, clock);
  }

  @Produces
  @Singleton
  KekLife kekLife(KeystoreRepository keystores, KekHistory keks, KekChanges changes) {
    return new KekLife(keystores, keks, changes);
  }

  @Produces
  @Singleton
  OnboardingGuide onboardingGuide(
      KeystoreRepository keystores, Diagnosis diagnosis, KmsContextConfig context) {
    return new OnboardingGuide(keystores, diagnosis, context);
  }

  @Produces
  @Singleton
  RotationSweep rotationSweep(
      DueRotations due,
      Rotation rotation,
      KekRepository keks,
      KekHistory history,
      KekChanges changes,
      QuotaGate gate,
      RootKeyAccess access,
      RotationConfig config,
      SecureRandom random) {
    return new RotationSweep(due, rotation, keks, history, changes, gate, access, config, random);
  }

  @Produces
  @Singleton
  RootKeyObserver rootKeyWatch(KeystoreStatus status, Diagnosis diagnosis, Ticker ticker) {
    return new RootKeyWatch(status, diagnosis, ticker);
  }
}
