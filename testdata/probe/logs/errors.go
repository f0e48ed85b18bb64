package logs

import (
	roach "github.com/cockroachdb/errors"
	"github.com/pkg/errors"

	"example.com/probe/harness"
)

func init() {
	harness.Format(func(format string, v any) { harness.Say(errors.Errorf(format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(errors.Wrapf(failed, format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(errors.WithMessagef(failed, format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.Newf(format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.Errorf(format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.AssertionFailedf(format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.Wrapf(failed, format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.WithMessagef(failed, format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.FlattenHints(roach.WithHintf(failed, format, v))) })
	harness.Format(func(format string, v any) { harness.Say(roach.FlattenDetails(roach.WithDetailf(failed, format, v))) })
	harness.Format(func(format string, v any) { harness.Say(roach.NewWithDepthf(0, format, v).Error()) })
	harness.Format(func(format string, v any) { harness.Say(roach.AssertionFailedWithDepthf(0, format, v).Error()) })
	harness.Format(func(format string, v any) {
		harness.Say(roach.NewAssertionErrorWithWrappedErrf(failed, format, v).Error())
	})
	harness.Format(func(format string, v any) {
		harness.Say(roach.UnimplementedErrorf(roach.IssueLink{}, format, v).Error())
	})
	harness.Format(func(format string, v any) { harness.Say(roach.WrapWithDepthf(0, failed, format, v).Error()) })
}
