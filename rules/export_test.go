package rules

import (
	"context"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/judge"
)

// Find returns what Analyze does, without fixes and whatever the evidence.
func Find(ctx context.Context, p *load.Program, cfg Config) ([]*judge.Finding, error) {
	return newAnalysis(p, cfg, nil).find(ctx)
}
