package dev.keybroker.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The templates of the pages.
///
/// The native executable reads what they show by reflection where Qute has generated nothing: the
/// arguments of tags are such places.
@CheckedTemplate
@RegisterForReflection(
    targets = {
      AuditFilter.class,
      CostView.class,
      Countdown.class,
      Destruction.class,
      Documents.class,
      EventView.class,
      FindingView.class,
      FindingView.Statement.class,
      KekUseView.class,
      KekView.class,
      KeystoreForm.class,
      KeystoreSearch.class,
      KeystoreView.class,
      Moment.class,
      Page.class,
      PipelineForm.class,
      Problem.class,
      Question.class,
      ReEncryptionView.class,
      RefusalView.class,
      TestView.class,
      TestView.Step.class,
      UsageView.class,
      VerificationView.class,
      WithdrawalView.class
    })
final class Screens {
  private Screens() {}

  static native TemplateInstance home(
      Page page, String tenant, List<String> tenants, String next, @Nullable RefusalView refusal);

  static native TemplateInstance signedOut(Page page);

  static native TemplateInstance sessionEnded(Page page);

  static native TemplateInstance refused(Page page, RefusalView refusal);

  static native TemplateInstance keystores(
      Page page, KeystoreSearch search, List<KeystoreView> keystores, String first, String next);

  static native TemplateInstance keystore(
      Page page,
      KeystoreView keystore,
      boolean changes,
      @Nullable Countdown deletion,
      @Nullable WithdrawalView withdrawal,
      ReEncryptionView reEncryption,
      List<KekView> keks,
      String next);

  static native TemplateInstance reEncryption(
      Page page, ReEncryptionView reEncryption, boolean changes);

  static native TemplateInstance question(Page page, Question question);

  static native TemplateInstance destruction(Page page, Destruction destruction);

  static native TemplateInstance form(
      Page page,
      KeystoreForm form,
      boolean isNew,
      List<String> specs,
      @Nullable Documents documents,
      @Nullable TestView test,
      @Nullable RefusalView refusal);

  static native TemplateInstance documents(
      Page page, @Nullable Documents documents, @Nullable RefusalView refusal);

  static native TemplateInstance rootKeys(Page page, List<UsageView> keys);

  static native TemplateInstance audit(
      Page page,
      AuditFilter filter,
      List<String> outcomes,
      VerificationView verification,
      List<EventView> events,
      boolean more,
      String next);

  static native TemplateInstance pipeline(
      Page page,
      PipelineForm form,
      @Nullable List<FindingView> findings,
      @Nullable RefusalView refusal);
}
